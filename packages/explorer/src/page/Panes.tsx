import { address, isEmbedded, put } from "./address.ts";

interface Props {
  readonly panes: readonly { readonly name: string; readonly title: string }[];
}

/** The panel that an embedded page shows: the URL parameter `pane`. Undefined if the page is not embedded. */
export const shownPane = (names: Props["panes"]): string | undefined =>
  isEmbedded.value ? (names.find(({ name }) => name === address.value.fields.pane) ?? names[0])?.name : undefined;

/** In an embedded page, shows buttons that select which panel of the page is visible. */
export function Panes({ panes }: Props) {
  const shown = shownPane(panes);
  if (shown === undefined) return null;
  return (
    <fieldset class="choice panes">
      <legend class="unseen">Part of the page</legend>
      {panes.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === shown}
          onClick={() => put({ pane: name === panes[0]!.name ? undefined : name })}
        >
          {title}
        </button>
      ))}
    </fieldset>
  );
}
