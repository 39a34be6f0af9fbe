import type { LookupAddress } from 'node:dns';
import { lookup as dnsLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All addresses of a name; throws when it has none. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** Names of this machine and of its neighbours, whether or not they lead anywhere from here. */
const INNER_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'intranet', 'lan', 'home', 'corp', 'private', 'home.arpa', 'svc', 'onion'];
/** Public by its number, but answered by the cloud's own host (Azure). */
const INNER_ADDRESSES: ReadonlySet<string> = new Set(['168.63.129.16']);
/** Of IPv6 only this has been given out to the public so far. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Whether an address, in any spelling that is one, belongs to the public Internet. */
export function isPublicAddress(address: string): boolean {
  // A zone (fe80::1%eth0) is the machine's own affair.
  if (address.includes('%') || !ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (INNER_ADDRESSES.has(parsed.toString()) || parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '').toLowerCase();
}

function isInnerName(host: string): boolean {
  return !host.includes('.') || INNER_NAMES.some((name) => host === name || host.endsWith(`.${name}`));
}

async function resolveNames(hostname: string): Promise<string[]> {
  return (await dnsLookup(hostname, { all: true })).map(({ address }) => address);
}

/** How long (ms) a name may take to resolve before it counts as one that does not, yet. */
const RESOLVE_MS = 2_000;

/**
 * Where we call, and where never: merchants say the URL, so a URL must not lead into the network that we
 * live in. Judged when it is set, and again on the very addresses that are connected to, because a name may
 * lead elsewhere by then.
 */
export class Egress {
  constructor(
    private readonly allowPrivate: boolean,
    private readonly resolve: Resolve = resolveNames,
  ) {}

  /** Why this URL is not called, as far as it can be seen from it alone; null when nothing speaks against it. */
  refusal(text: string): string | null {
    if (!URL.canParse(text)) return 'is not a URL';
    const url = new URL(text);
    const secure = url.protocol === 'https:';
    if (!secure && !(this.allowPrivate && url.protocol === 'http:')) return 'must be https';
    if (url.username !== '' || url.password !== '' || /^[a-z]+:[\\/]*[^\\/?#]*@/i.test(text)) return 'must not carry credentials';
    if (this.allowPrivate) return null;
    // The URL's own parser has turned every spelling of an IPv4 address (0x7f.1, 2130706433, １２７．１) into one.
    const host = hostOf(url);
    if (ipaddr.isValid(host)) return isPublicAddress(host) ? null : 'leads to an address that is not public';
    return isInnerName(host) ? 'leads to a name that is not public' : null;
  }

  /** The same with the addresses that the name has now; a name that has none yet is fine. */
  async refusalNow(text: string): Promise<string | null> {
    const refusal = this.refusal(text);
    if (refusal !== null || this.allowPrivate) return refusal;
    const host = hostOf(new URL(text));
    if (ipaddr.isValid(host)) return null;
    const unresolved = new Promise<string[]>((done) => void setTimeout(() => done([]), RESOLVE_MS).unref());
    const addresses = await Promise.race([this.resolve(host).catch(() => []), unresolved]);
    return addresses.every(isPublicAddress) ? null : 'leads to an address that is not public';
  }

  /** Resolves a name for a connection that is about to be opened: to public addresses, or not at all. */
  readonly lookup: LookupFunction = (hostname, options, callback) => void this.answer(hostname, options.all === true, callback);

  private async answer(hostname: string, all: boolean, callback: Parameters<LookupFunction>[2]): Promise<void> {
    const found = await this.addressesOf(hostname).catch((error: Error) => error);
    if (found instanceof Error) callback(found, '', 0);
    else if (all) callback(null, found);
    else callback(null, found[0].address, found[0].family);
  }

  private async addressesOf(hostname: string): Promise<[LookupAddress, ...LookupAddress[]]> {
    const addresses = await this.resolve(hostname);
    if (!this.allowPrivate && !addresses.every(isPublicAddress)) throw new Error('the name leads to an address that is not public');
    const [first, ...others] = addresses.map((address) => ({ address, family: ipaddr.parse(address).kind() === 'ipv6' ? 6 : 4 }));
    if (!first) throw new Error('the name has no address');
    return [first, ...others];
  }
}
