/** What people call a meeting place: its host, out of a multiaddr. */
export function flockHost(multiaddr: string): string {
  const match = /^\/(?:dns[46]?|dnsaddr|ip4|ip6)\/([^/]+)(?:\/(?:tcp|udp)\/(\d+))?/.exec(multiaddr);
  if (!match?.[1]) return multiaddr;
  const port = match[2] === undefined || match[2] === "443" ? "" : `:${match[2]}`;
  return match[1].includes(":") ? `[${match[1]}]${port}` : match[1] + port;
}
