import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  readonly label: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  /** Whether a folder is chosen, with all that is in it. */
  readonly folder?: boolean;
  readonly onFiles: (files: FileList) => void;
  readonly onDrop?: (transfer: DataTransfer) => void;
  readonly children?: ComponentChildren;
}

/** Files of the reader's: chosen, or dropped here. They stay in this page. */
export function Files({ label, accept, multiple = false, folder = false, onFiles, onDrop, children }: Props) {
  const id = useId();
  const isOver = useSignal(false);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would want a legend
    <div
      class={isOver.value ? "files over" : "files"}
      role="group"
      aria-label={label}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => {
        isOver.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        if (!event.dataTransfer) return;
        if (onDrop) onDrop(event.dataTransfer);
        else onFiles(event.dataTransfer.files);
      }}
    >
      <label class="button" for={id}>
        {label} …
      </label>
      <input
        id={id}
        class="unseen"
        type="file"
        accept={accept}
        multiple={multiple || folder}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={({ currentTarget }) => {
          if (currentTarget.files && currentTarget.files.length > 0) onFiles(currentTarget.files);
          currentTarget.value = ""; // so that the same file can be chosen again, once it is mended
        }}
      />
      {children && <span class="small soft">{children}</span>}
    </div>
  );
}
