import { useState, type DragEvent } from "react";

/** Files dragged over the window; nested elements make enter and leave come in pairs, so they are counted. */
export function useDrop(onDrop: (event: DragEvent) => void, enabled: boolean) {
  const [depth, setDepth] = useState(0);
  const carriesFiles = (event: DragEvent) => enabled && event.dataTransfer.types.includes("Files");
  return {
    over: depth > 0,
    handlers: {
      onDragEnter: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setDepth((old) => old + 1);
      },
      onDragOver: (event: DragEvent) => {
        if (carriesFiles(event)) event.preventDefault();
      },
      onDragLeave: (event: DragEvent) => {
        if (carriesFiles(event)) setDepth((old) => Math.max(0, old - 1));
      },
      onDrop: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setDepth(0);
        onDrop(event);
      },
    },
  };
}
