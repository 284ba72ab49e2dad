import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";

interface Props {
  readonly label: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  /** Whether to choose a folder with all its files. */
  readonly folder?: boolean;
  readonly onFiles: (files: FileList) => void;
}

/** A button to choose files. They stay in this page. */
export function Files({ label, accept, multiple = false, folder = false, onFiles }: Props) {
  const id = useId();
  return (
    <span class="files">
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
          currentTarget.value = ""; // lets the reader choose the same file again after fixing it
        }}
      />
    </span>
  );
}

/** Returns the handlers that make an element accept dropped files. */
export function useDrop(onDrop: (transfer: DataTransfer) => void) {
  const isOver = useSignal(false);
  return {
    "data-drop": isOver.value ? "over" : "here",
    onDragOver(event: DragEvent) {
      event.preventDefault();
      isOver.value = true;
    },
    onDragLeave(event: DragEvent) {
      const to = event.relatedTarget;
      if (!(to instanceof Node && (event.currentTarget as Node).contains(to))) isOver.value = false;
    },
    onDrop(event: DragEvent) {
      event.preventDefault();
      isOver.value = false;
      if (event.dataTransfer) onDrop(event.dataTransfer);
    },
  };
}
