/** An app sees its own caches: those that are ours it neither finds nor, clearing away what it doesn't know, removes. */

export function hideCaches(
  storage: typeof CacheStorage | undefined,
  isOurs: (name: string) => boolean,
): void {
  if (storage === undefined) return;
  const { keys, match } = storage.prototype;
  const own = async (of: CacheStorage): Promise<string[]> =>
    (await keys.call(of)).filter((name) => !isOurs(name));
  storage.prototype.keys = function () {
    return own(this);
  };
  storage.prototype.match = async function (request, options = {}) {
    if (options.cacheName !== undefined) return match.call(this, request, options);
    for (const cacheName of await own(this)) {
      const found = await match.call(this, request, { ...options, cacheName });
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
