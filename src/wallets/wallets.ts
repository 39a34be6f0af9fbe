import { Injectable, Logger } from '@nestjs/common';
import type { Source } from '../domain/source.js';
import { walletOf, withWallet } from '../domain/wallet.naming.js';
import { BlindIndex } from '../platform/crypto/blind.index.js';
import { Sealing } from '../platform/crypto/sealing.js';
import type { Queryable } from '../platform/database/queryable.js';
import type { ListQuery } from '../platform/http/list.js';
import { indexed } from '../platform/http/list.js';

const COLUMN = 'sources.gateway_source_id';

type Kept = Pick<Source, 'id' | 'gateway_source_id'>;

/** The gateway's names of wallets, which are credentials: kept sealed, each for its own row, and told to whoever may know. */
@Injectable()
export class Wallets {
  private readonly log = new Logger(Wallets.name);

  constructor(
    private readonly sealing: Sealing,
    private readonly index: BlindIndex,
  ) {}

  /** As the row `source` keeps it. */
  seal(source: string, gatewaySourceId: string): string {
    return this.sealing.seal(gatewaySourceId, placeOfWallet(source));
  }

  /** Throws when it was sealed for another row, was changed, or with a secret that nobody has given us. */
  open({ id, gateway_source_id: sealed }: Kept): string {
    try {
      return this.sealing.open(sealed, placeOfWallet(id));
    } catch (cause) {
      throw new Error(`the name of wallet ${id} does not open`, { cause });
    }
  }

  /** What finds the wallet that the gateway names so: first what is stored now, then what replaced secrets have stored. */
  indexesOf(gatewaySourceId: string): [current: string, ...replaced: string[]] {
    return this.index.of(gatewaySourceId, COLUMN);
  }

  /** The list, asked for by a wallet's name where the caller has given one. */
  asked(query: ListQuery): ListQuery {
    return indexed(query, (gatewaySourceId) => this.indexesOf(gatewaySourceId));
  }

  /** The gateway's names of the wallets in these rows. One that does not open is left out, and the log says so. */
  async names(on: Queryable, sources: readonly (string | null)[]): Promise<Map<string, string>> {
    const ids = [...new Set(sources.filter((source) => source !== null))];
    if (ids.length === 0) return new Map();
    return this.opened(await on.query<Kept>('select id, gateway_source_id from sources where id = any($1)', [ids]));
  }

  /** The same where the rows are at hand. */
  opened(rows: readonly Kept[]): Map<string, string> {
    const names = new Map<string, string>();
    for (const row of rows) {
      try {
        names.set(row.id, this.open(row));
      } catch (error) {
        this.log.error({ row: row.id, err: error }, 'a wallet is told without its name');
      }
    }
    return names;
  }

  /** Things of the interface with the gateway's names of their wallets; null where one does not open. */
  async named<T extends object>(on: Queryable, things: readonly T[]): Promise<T[]> {
    const names = await this.names(on, things.map(walletOf));
    return things.map((thing) => withWallet(thing, names));
  }
}

/** What the name of a wallet is sealed for. */
export function placeOfWallet(source: string): string {
  return `${COLUMN}:${source}`;
}
