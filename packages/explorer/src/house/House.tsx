import { type Signal, useSignal } from "@preact/signals";
import { type ComponentType, Fragment } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { address, currentHash, go, isEmbedded } from "../page/address.ts";
import { focusPage, keysInUse, useKeys } from "../page/keys.ts";
import { ErrorBox } from "../parts/ErrorBox.tsx";
import { overview, type Room, rooms, start } from "./rooms.ts";
import { SchemeButton } from "./SchemeButton.tsx";

const roomOf = (name: string): Room => [...rooms, overview].find((room) => room.name === name) ?? start;

export function House() {
  const current = roomOf(address.value.room);
  const { stop } = address.value;
  const keys = useRef<HTMLDialogElement>(null);
  const isSharing = useSignal(false);
  const showKeys = () => keys.current?.showModal();
  useKeys([
    ...rooms.map(({ name, title }, i) => ({ key: `${i + 1}`, does: `go to ${title}`, run: () => go(name) })),
    { key: "0", does: "go to the start page", run: () => go(start.name) },
    { key: "?", does: "show this list", run: showKeys },
  ]);
  const main = (
    <main id="room" tabIndex={-1}>
      <div class={stop ? "with-tour" : undefined}>
        {stop && <Loaded load={loadTour} title="the tour" />}
        <RoomView room={current} />
      </div>
    </main>
  );
  if (isEmbedded.value)
    return (
      <div class="house embedded">
        {main}
        <footer>
          <a class="small" href={`${location.pathname}${currentHash()}`} target="_blank" rel="noopener">
            Open in the explorer
          </a>
        </footer>
      </div>
    );
  return (
    <div class="house">
      <header>
        <a class="skip button" href={`#/${current.name}`} onClick={skip}>
          Skip to the room
        </a>
        <a class="wordmark" href={`#/${start.name}`} aria-label="Wengert explorer">
          <Mark />
          <span>Wengert explorer</span>
        </a>
        <nav aria-label="Rooms">
          {[overview, ...rooms].map(({ name, title }) => (
            <a
              key={name}
              href={`#/${name}`}
              aria-current={name === (stop ? overview.name : current.name) ? "page" : undefined}
            >
              {title}
            </a>
          ))}
          <a href="./docs/index.html">Docs</a>
        </nav>
        <div class="tools">
          <button type="button" class="button quiet" aria-label="Share" onClick={() => (isSharing.value = true)}>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <path
                d="M8 10V1.5M5 4.5l3-3 3 3M3 8v6.5h10V8"
                fill="none"
                stroke="currentColor"
                stroke-width="1.6"
                stroke-linejoin="round"
              />
            </svg>
            <span>Share</span>
          </button>
          <button type="button" class="button quiet" aria-label="Keys" onClick={showKeys}>
            <kbd>?</kbd> <span>Keys</span>
          </button>
          <SchemeButton />
        </div>
      </header>
      {main}
      {isSharing.value && <ShareDialog close={() => (isSharing.value = false)} />}
      <KeyList dialog={keys} />
    </div>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  focusPage();
}

/** A dialog whose content is loaded when it opens. */
function ShareDialog({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="share-title" onClose={close}>
      <Loaded load={loadShare} title="the dialog" />
    </dialog>
  );
}
const loadShare = () => import("../share/Share.tsx");

const loadTour = () => import("../tour/Tour.tsx");

function RoomView({ room }: { room: Room }) {
  const { stop } = address.value;
  useEffect(() => {
    document.title = `${stop ? overview.title : room.title} · Wengert explorer`;
  }, [room, stop]);
  return <Loaded key={room.name} load={room.load} title={room.title} />;
}

interface LoadedProps {
  readonly load: Room["load"];
  readonly title: string;
}

type View = { readonly view: ComponentType } | { readonly error: unknown };

/** Loads the code of a part of the page, then shows it. */
function Loaded({ load, title }: LoadedProps) {
  const loaded: Signal<View | undefined> = useSignal(undefined);
  useEffect(() => {
    load().then(
      ({ default: view }) => {
        loaded.value = { view };
      },
      (error: unknown) => {
        loaded.value = { error };
      },
    );
  }, []);
  const now = loaded.value;
  if (!now) return <p class="soft">Opening {title} …</p>;
  if ("error" in now) return <ErrorBox name="LoadError" message={`${title} could not be loaded: ${now.error}`} />;
  const Shown = now.view;
  return <Shown />;
}

function KeyList({ dialog }: { dialog: { current: HTMLDialogElement | null } }) {
  const keys = keysInUse.value.flat();
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys-title">
      <h1 id="keys-title">Keys</h1>
      <dl>
        {keys.map(({ key, does }) => (
          <Fragment key={key}>
            <dt>
              <kbd>{signs[key] ?? key}</kbd>
            </dt>
            <dd>{does}</dd>
          </Fragment>
        ))}
      </dl>
      <p>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </p>
    </dialog>
  );
}

const signs: Readonly<Record<string, string>> = {
  ArrowRight: "→",
  ArrowLeft: "←",
  ArrowUp: "↑",
  ArrowDown: "↓",
  " ": "Space",
};

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 8h16M4 16h11M4 24h6" stroke="var(--forward)" stroke-width="3" stroke-linecap="round" />
      <path
        d="M26 26V7m0 0-4.5 4.5M26 7l4.5 4.5"
        stroke="var(--backward)"
        stroke-width="2.8"
        fill="none"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
