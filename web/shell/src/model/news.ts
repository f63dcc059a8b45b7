/** News among the tabs of this shell, of any version. */
import type { News } from "./platform.ts";

const channelName = "hearth-news-1";

export function tabNews(): { tell(news: News): void; onNews(listener: (news: News) => void): void } {
  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(channelName) : undefined;
  return {
    tell: (news) => channel?.postMessage(news),
    onNews: (listener) =>
      channel?.addEventListener("message", ({ data }) => {
        const news = readNews(data);
        if (news !== undefined) listener(news);
      }),
  };
}

export function readNews(data: unknown): News | undefined {
  const { kind, root } = (data ?? {}) as Record<string, unknown>;
  if ((kind !== "entered" && kind !== "left") || typeof root !== "string") return undefined;
  return { kind, root };
}
