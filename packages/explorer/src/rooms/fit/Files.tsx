import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";

interface Props {
  readonly label: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  /** Whether the user chooses a folder, with all its files, instead of single files. */
  readonly folder?: boolean;
  readonly onFiles: (files: FileList) => void;
}

/** A button with which the user chooses files. The files are read in the page and are not sent anywhere. */
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
          currentTarget.value = ""; // so that the user can choose the same file again
        }}
      />
    </span>
  );
}

/** Returns event handlers that let the user drop files on an element. */
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
