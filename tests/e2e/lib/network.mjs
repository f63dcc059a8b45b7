// Small networks of namespaces: a public segment, and homes behind nftables masquerading.
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ip = (...args) => execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] }).toString();
// Only the network is another: `ip netns exec` would hide the control groups as well.
const entering = (name) => ["nsenter", `--net=/run/netns/${name}`, "--"];
const inside = (name, command, ...args) =>
  execFileSync("ip", ["netns", "exec", name, command, ...args], { stdio: ["ignore", "pipe", "pipe"] });

/** A program that is `program` inside of a namespace, for those who take a path and no command. */
export function wrapped(folder, within, program) {
  const file = join(folder, "within");
  writeFileSync(file, `#!/bin/sh\nexec ${within.join(" ")} ${program} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/**
 * The public segment 203.0.113.0/24 is a bridge in a namespace of its own. `host` puts a namespace on it;
 * `home` puts a router on it, and a host behind it at 192.168.<n>.2.
 */
export class Network {
  #names = [];
  #id = `h${process.pid % 10000}`;
  #next = 1;

  constructor(t) {
    this.public = this.#namespace("net");
    inside(this.public, "ip", "link", "add", "br0", "type", "bridge");
    inside(this.public, "ip", "link", "set", "br0", "up");
    t.after(() => {
      for (const name of this.#names.reverse()) {
        try {
          ip("netns", "del", name);
        } catch {
          // Gone already.
        }
      }
    });
  }

  #namespace(role) {
    const name = `${this.#id}-${role}`;
    ip("netns", "add", name);
    this.#names.push(name);
    inside(name, "ip", "link", "set", "lo", "up");
    return name;
  }

  #wire(from, to, name) {
    const [a, b] = [`${this.#id}${name}a`, `${this.#id}${name}b`];
    ip("link", "add", a, "netns", from, "type", "veth", "peer", "name", b, "netns", to);
    inside(from, "ip", "link", "set", a, "up");
    inside(to, "ip", "link", "set", b, "up");
    return [a, b];
  }

  #join(namespace) {
    const number = this.#next++;
    const [mine, bridge] = this.#wire(namespace, this.public, `p${number}`);
    inside(this.public, "ip", "link", "set", bridge, "master", "br0");
    const address = `203.0.113.${number}`;
    inside(namespace, "ip", "addr", "add", `${address}/24`, "dev", mine);
    return { address, device: mine };
  }

  /** A machine with a public address. */
  host(role) {
    const namespace = this.#namespace(role);
    const { address } = this.#join(namespace);
    return { namespace, address, within: entering(namespace) };
  }

  /** A machine behind a router that masquerades. `udp: false` lets the router drop all UDP. */
  home(role, { udp = true } = {}) {
    const router = this.#namespace(`${role}-r`);
    const namespace = this.#namespace(role);
    const { address, device } = this.#join(router);
    const number = this.#next;
    const [lan, mine] = this.#wire(router, namespace, `l${number}`);
    inside(router, "ip", "addr", "add", `192.168.${number}.1/24`, "dev", lan);
    inside(router, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    inside(namespace, "ip", "addr", "add", `192.168.${number}.2/24`, "dev", mine);
    inside(namespace, "ip", "route", "add", "default", "via", `192.168.${number}.1`);
    const rules = `
      table inet nat {
        chain postrouting {
          type nat hook postrouting priority srcnat;
          oifname "${device}" masquerade
        }
        # Else a stray packet's entry would change the port that the next packet out is given.
        chain input {
          type filter hook input priority filter; policy accept;
          iifname "${device}" ct state new drop
        }
        chain forward {
          type filter hook forward priority filter; policy drop;
          ${udp ? "" : "meta l4proto udp drop"}
          ct state established,related accept
          iifname "${lan}" accept
        }
      }`;
    execFileSync("ip", ["netns", "exec", router, "nft", "-f", "-"], { input: rules });
    return { namespace, router, address, within: entering(namespace) };
  }
}
