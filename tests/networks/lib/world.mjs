// A small internet of namespaces: flocks with public addresses, and homes behind a router, behind a provider, behind a
// path that can be made bad. What kind of routers they are changes while everything runs.
//
// Its IPv6 addresses look like anybody's: Chromium takes those kept for documentation for a network of one's own, which no
// page from outside may reach.
//
//   host ── router ── provider ══ path ══ core ── flock
import { execFileSync } from "node:child_process";
import { EmulatedPath } from "./path.mjs";

const run = (command, args, input) =>
  execFileSync(command, args, { input, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] }).toString();

// Whoever interrupts a run leaves no namespaces behind either: Playwright ends the process by itself then.
const standing = new Set();
const remove = (name) => standing.delete(name) && run("ip", ["netns", "del", name]);
process.once("exit", () => [...standing].forEach(remove));

/** A network namespace, until the test is over. */
export class Space {
  constructor(t, name) {
    this.name = name;
    run("ip", ["netns", "add", name]);
    standing.add(name);
    t.after(() => remove(name));
    this.ip("link", "set", "lo", "up");
    // No privileged ports: programs that gave up root listen on 443 here.
    const settings = ["net.ipv4.ip_unprivileged_port_start=0", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"];
    this.run("sysctl", ["-qw", ...settings]);
  }
  /** What a program is started with to run in here. Only the network is another. */
  get within() {
    return ["nsenter", `--net=/run/netns/${this.name}`, "--"];
  }
  run(command, args, input) {
    return run("ip", ["netns", "exec", this.name, command, ...args], input);
  }
  ip(...args) {
    return run("ip", ["-n", this.name, ...args]);
  }
  forwards() {
    this.run("sysctl", ["-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
  }
  address(device, ...addresses) {
    for (const address of addresses)
      this.ip("addr", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : []));
  }
  rules(text) {
    this.run("nft", ["-f", "-"], `flush ruleset\n${text}`);
  }
}

export class World {
  #t;
  #id = `n${process.pid % 10000}`;
  #next = 1;

  constructor(t) {
    this.#t = t;
    this.core = this.#space("core");
    this.core.forwards();
  }

  #space(role) {
    return new Space(this.#t, `${this.#id}-${role}`);
  }
  #wire(a, b, name) {
    const [x, y] = [`${name}-a`, `${name}-b`];
    run("ip", ["link", "add", x, "netns", a.name, "type", "veth", "peer", "name", y, "netns", b.name]);
    for (const [space, device] of [[a, x], [b, y]]) space.ip("link", "set", device, "up");
    return [x, y];
  }

  /** A machine with public addresses of both families. */
  flock(role) {
    const space = this.#space(role);
    const n = this.#next++;
    const [mine, theirs] = this.#wire(space, this.core, role);
    this.core.address(theirs, `198.51.100.${n * 8 + 1}/29`, `2a00:db8:${n}::1/64`);
    space.address(mine, `198.51.100.${n * 8 + 2}/29`, `2a00:db8:${n}::2/64`);
    space.ip("route", "add", "default", "via", `198.51.100.${n * 8 + 1}`);
    space.ip("-6", "route", "add", "default", "via", `2a00:db8:${n}::1`);
    return { space, within: space.within, address: `198.51.100.${n * 8 + 2}`, address6: `2a00:db8:${n}::2` };
  }

  async home(role) {
    const n = this.#next++;
    const home = new Home(role, n, {
      host: this.#space(role),
      router: this.#space(`${role}-r`),
      provider: this.#space(`${role}-p`),
      core: this.core,
    });
    home.path = await EmulatedPath.start(
      this.#t,
      `${home.provider.name}:${role}-up`,
      `${this.core.name}:${role}-up`,
      { seed: n },
    );
    const lan = this.#wire(home.host, home.router, `${role}-l`);
    const wan = this.#wire(home.router, home.provider, `${role}-w`);
    home.lay(lan, wan);
    return home;
  }
}

/** How a router gives out its one address. `null`: it has enough of them and only keeps strangers out. */
const masquerading = {
  // A port stays what it was inside, whoever is spoken to; strangers may answer it.
  "endpoint-independent": { postrouting: (wan) => `oifname "${wan}" masquerade`, open: true },
  // The same, but only who was spoken to may answer.
  "port-restricted": { postrouting: (wan) => `oifname "${wan}" masquerade` },
  // Another port for each who is spoken to.
  symmetric: { postrouting: (wan) => `oifname "${wan}" meta l4proto { tcp, udp } masquerade fully-random` },
};

export class Home {
  constructor(role, number, spaces) {
    Object.assign(this, spaces, { role, number, within: spaces.host.within });
    this.address = `198.51.100.${number * 8 + 2}`;
  }

  /** Lays addresses and routes: they stay; rules and conditions change. */
  lay([hostLan, routerLan], [routerWan, providerLan]) {
    const { number: n, role, host, router, provider, core } = this;
    Object.assign(this, { routerLan, routerWan });
    const up = `${role}-up`;
    for (const space of [provider, core]) space.ip("link", "set", up, "up", "txqueuelen", "20000");
    core.address(up, `100.64.${n}.1/30`, `2a00:db8:${n}:1::1/64`);
    provider.address(up, `100.64.${n}.2/30`, `2a00:db8:${n}:1::2/64`);
    // The provider's own address when it masquerades, too.
    provider.address("lo", `198.51.100.${n * 8 + 6}/32`);
    core.ip("route", "add", `198.51.100.${n * 8}/29`, "via", `100.64.${n}.2`);
    core.ip("-6", "route", "add", `2a00:db8:${n}:100::/56`, "via", `2a00:db8:${n}:1::2`);
    provider.ip("route", "add", "default", "via", `100.64.${n}.1`);
    provider.ip("-6", "route", "add", "default", "via", `2a00:db8:${n}:1::1`);
    // What the routers have of public addresses: .2, and .3 after a change.
    provider.address(providerLan, `198.51.100.${n * 8 + 1}/29`, `2a00:db8:${n}:100::1/64`);
    router.address(routerWan, `${this.address}/29`, `2a00:db8:${n}:100::2/64`);
    router.ip("route", "add", "default", "via", `198.51.100.${n * 8 + 1}`);
    router.ip("-6", "route", "add", "default", "via", `2a00:db8:${n}:100::1`);
    router.address(routerLan, `192.168.${n}.1/24`, `2a00:db8:${n}:101::1/64`);
    provider.ip("-6", "route", "add", `2a00:db8:${n}:101::/64`, "via", `2a00:db8:${n}:100::2`);
    host.address(hostLan, `192.168.${n}.2/24`, `2a00:db8:${n}:101::2/64`);
    for (const space of [router, provider]) space.forwards();
    this.families({});
  }

  /** Which families lead anywhere. */
  families({ v4 = true, v6 = false }) {
    const { host, number: n } = this;
    for (const [family, wanted, via] of [["-4", v4, `192.168.${n}.1`], ["-6", v6, `2a00:db8:${n}:101::1`]]) {
      try {
        host.ip(family, "route", "del", "default");
      } catch {
        // There was none.
      }
      if (wanted) host.ip(family, "route", "add", "default", "via", via);
    }
  }

  /** What kind of network it is from now on. Connections that stand may break by it. */
  become({ nat = "port-restricted", double = false, block = "", v4 = true, v6 = false } = {}) {
    const { number: n, router, provider, routerLan, routerWan } = this;
    this.families({ v4, v6 });
    const { postrouting, open } = masquerading[nat];
    const masquerade = postrouting(routerWan);
    // Strangers' packets to the one machine inside.
    const towards = open ? `iifname "${routerWan}" meta nfproto ipv4 meta l4proto udp dnat ip to 192.168.${n}.2;` : "";
    router.rules(`
      table inet nat {
        chain prerouting { type nat hook prerouting priority dstnat; ${towards} }
        chain postrouting { type nat hook postrouting priority srcnat; meta nfproto ipv4 ${masquerade}; }
        # Else a stray packet's entry would change the port that the next packet out is given.
        chain input { type filter hook input priority filter; iifname "${routerWan}" meta l4proto { tcp, udp } ct state new drop; }
        chain forward {
          type filter hook forward priority filter; policy drop;
          ${{ udp: "meta l4proto udp drop", "all but 443": "meta l4proto udp drop\n tcp dport != 443 ct state new drop" }[block] ?? ""}
          ct state established,related accept
          ct status dnat accept
          iifname "${routerLan}" accept
        }
      }`);
    // The carrier's own masquerading, before an address that many share.
    const shared = `198.51.100.${n * 8 + 6}`;
    provider.rules(
      double
        ? `table ip nat {
             chain postrouting { type nat hook postrouting priority srcnat; oifname "${this.role}-up" snat to ${shared}; }
             chain input { type filter hook input priority filter; meta l4proto { tcp, udp } ct state new drop; }
             chain forward {
               type filter hook forward priority filter; policy drop;
               ct state established,related accept
               oifname "${this.role}-up" accept
             }
           }`
        : "",
    );
  }

  /** The router is given another public address; the old one is nobody's. */
  changeAddress() {
    const { router, routerWan, number: n } = this;
    const other = this.address.endsWith(`.${n * 8 + 2}`) ? n * 8 + 3 : n * 8 + 2;
    router.ip("addr", "del", `${this.address}/29`, "dev", routerWan);
    this.address = `198.51.100.${other}`;
    router.ip("addr", "add", `${this.address}/29`, "dev", routerWan);
    router.ip("route", "replace", "default", "via", `198.51.100.${n * 8 + 1}`);
  }
}
