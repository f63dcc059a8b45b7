/** PDF pages on canvases, drawn as they come into view. The browser's own viewer can't run in a sandboxed frame. */
import { GlobalWorkerOptions, getDocument, type PDFDocumentProxy } from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import { useText } from "../context.tsx";

GlobalWorkerOptions.workerSrc = workerUrl;

export default function Pdf({ url, onFail }: { url: string; onFail: () => void }) {
  const t = useText();
  const [pdf, setPdf] = useState<PDFDocumentProxy | null>(null);
  const fail = useRef(onFail);
  useEffect(() => {
    let wanted = true;
    const task = getDocument({ url, enableXfa: false });
    task.promise.then(
      (opened) => wanted && setPdf(opened),
      () => wanted && fail.current(),
    );
    return () => {
      wanted = false;
      void task.destroy();
    };
  }, [url]);
  if (!pdf) return <span className="h-spinner" role="status" aria-label={t("app.loading")} />;
  return (
    <div
      className="f-pdf"
      data-scrolls
      tabIndex={0}
      role="document"
      aria-label={t("preview.pages", { count: pdf.numPages })}
    >
      {Array.from({ length: pdf.numPages }, (_, index) => (
        <PdfPage key={index} pdf={pdf} number={index + 1} />
      ))}
    </div>
  );
}

function PdfPage({ pdf, number }: { pdf: PDFDocumentProxy; number: number }) {
  const t = useText();
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [near, setNear] = useState(number === 1);
  const [drawn, setDrawn] = useState(false);

  useEffect(() => {
    const element = holder.current;
    if (!element || near) return;
    const observer = new IntersectionObserver(([seen]) => seen?.isIntersecting && setNear(true), {
      rootMargin: "800px",
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [near]);

  useEffect(() => {
    if (!near) return;
    let task: { cancel: () => void } | undefined;
    let wanted = true;
    void pdf.getPage(number).then((page) => {
      const target = canvas.current;
      if (!wanted || !target || !holder.current) return;
      const width = holder.current.clientWidth;
      const scale = (width / page.getViewport({ scale: 1 }).width) * Math.min(devicePixelRatio, 2);
      const viewport = page.getViewport({ scale });
      target.width = viewport.width;
      target.height = viewport.height;
      const drawing = page.render({ canvas: target, viewport });
      task = drawing;
      drawing.promise.then(
        () => setDrawn(true),
        () => undefined,
      );
    });
    return () => {
      wanted = false;
      task?.cancel();
    };
  }, [near, pdf, number]);

  return (
    <div ref={holder} className={drawn ? "f-pdf-page" : "f-pdf-page f-pdf-wait"}>
      <canvas ref={canvas} role="img" aria-label={t("preview.page", { number })} />
    </div>
  );
}
