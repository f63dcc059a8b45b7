/** How much there is, and how much more fits. */
import { useTexts } from "@hearth/ui";
import { useQuery } from "@tanstack/react-query";
import { useText, useWorld } from "../context.tsx";

export function Foot({ total, shown, complete }: { total: number; shown: boolean; complete: boolean }) {
  const t = useText();
  const texts = useTexts();
  const { api } = useWorld();
  const stats = useQuery({
    queryKey: ["stats"],
    queryFn: ({ signal }) => api.stats(signal),
    staleTime: 60_000,
  });
  return (
    <footer className="f-foot h-hint h-numbers">
      <span>{complete ? t("foot.count", { count: total }) : t("foot.first", { count: total })}</span>
      {shown && stats.data && <span>{t("foot.free", { size: texts.size(stats.data.free) })}</span>}
    </footer>
  );
}
