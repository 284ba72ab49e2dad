import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { type ComponentType, Fragment } from "preact";
import { useRef } from "preact/hooks";
import { address, go } from "../page/address.ts";
import { focusPage, keysInUse, useKeys } from "../page/keys.ts";
import { ErrorBox } from "../parts/ErrorBox.tsx";
import { type Room, rooms } from "./rooms.ts";
import { SchemeButton } from "./SchemeButton.tsx";

const roomOf = (name: string): Room => rooms.find((room) => room.name === name) ?? rooms[0];

export function House() {
  const current = roomOf(address.value.room);
  const keys = useRef<HTMLDialogElement>(null);
  const showKeys = () => keys.current?.showModal();
  useKeys([
    ...rooms.map(({ name, title }, i) => ({ key: `${i + 1}`, does: `go to ${title}`, run: () => go(name) })),
    { key: "?", does: "show this list", run: showKeys },
  ]);
  return (
    <div class="house">
      <header>
        <a class="skip button" href={`#/${current.name}`} onClick={skip}>
          Skip to the room
        </a>
        <a class="wordmark" href={`#/${rooms[0].name}`} aria-label="Wengert explorer">
          <Mark />
          <span>Wengert explorer</span>
        </a>
        <nav aria-label="Rooms">
          {rooms.map(({ name, title }) => (
            <a key={name} href={`#/${name}`} aria-current={name === current.name ? "page" : undefined}>
              {title}
            </a>
          ))}
          <a href="./docs/index.html">Docs</a>
        </nav>
        <div class="tools">
          <button type="button" class="button quiet" aria-label="Keys" onClick={showKeys}>
            <kbd>?</kbd> <span>Keys</span>
          </button>
          <SchemeButton />
        </div>
      </header>
      <main id="room" tabIndex={-1}>
        <RoomView room={current} />
      </main>
      <KeyList dialog={keys} />
    </div>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  focusPage();
}

type Loaded = { readonly room: Room; readonly view: ComponentType } | { readonly room: Room; readonly error: unknown };

function RoomView({ room }: { room: Room }) {
  const loaded: Signal<Loaded | undefined> = useSignal(undefined);
  useSignalEffect(() => {
    const wanted = roomOf(address.value.room);
    if (loaded.peek()?.room === wanted) return;
    document.title = `${wanted.title} · Wengert explorer`;
    wanted.load().then(
      ({ default: view }) => {
        if (roomOf(address.peek().room) === wanted) loaded.value = { room: wanted, view };
      },
      (error: unknown) => {
        loaded.value = { room: wanted, error };
      },
    );
  });
  const now = loaded.value;
  if (now?.room !== room) return <p class="soft">Opening {room.title} …</p>;
  if ("error" in now) return <ErrorBox name="LoadError" message={`${room.title} could not be loaded: ${now.error}`} />;
  const View = now.view;
  return <View />;
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
