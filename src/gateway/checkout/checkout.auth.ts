import { request } from 'undici';

/** How calls are signed in: a fixed secret key, or OAuth tokens fetched and kept until shortly before they end. */
export interface CheckoutAuth {
  authorization(): Promise<string>;
  /** The gateway answered 401: whatever is cached is not to be used again. */
  reject(): void;
}

export class SecretKeyAuth implements CheckoutAuth {
  constructor(private readonly key: string) {}

  authorization(): Promise<string> {
    return Promise.resolve(`Bearer ${this.key}`);
  }

  reject(): void {
    // A key is what it is; the calls fail until the configuration changes.
  }
}

const EARLY_MS = 60_000;
const SCOPES = 'gateway:payment gateway:payment-details gateway:payment-refunds';

export class OAuth implements CheckoutAuth {
  private token: { value: string; until: number } | null = null;
  private fetching: Promise<string> | null = null;

  constructor(
    private readonly tokenUrl: string,
    private readonly clientId: string,
    private readonly clientSecret: string,
  ) {}

  async authorization(): Promise<string> {
    if (this.token && performance.now() < this.token.until) return `Bearer ${this.token.value}`;
    // Many calls at once need one token.
    this.fetching ??= this.fetch().finally(() => (this.fetching = null));
    return `Bearer ${await this.fetching}`;
  }

  reject(): void {
    this.token = null;
  }

  private async fetch(): Promise<string> {
    const response = await request(this.tokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: this.clientId,
        client_secret: this.clientSecret,
        scope: SCOPES,
      }).toString(),
      signal: AbortSignal.timeout(10_000),
    });
    const body = (await response.body.json()) as { access_token?: unknown; expires_in?: unknown };
    if (response.statusCode !== 200 || typeof body.access_token !== 'string') {
      throw new Error(`the token endpoint answered ${response.statusCode}`);
    }
    const seconds = typeof body.expires_in === 'number' ? body.expires_in : 300;
    this.token = { value: body.access_token, until: performance.now() + Math.max(0, seconds * 1000 - EARLY_MS) };
    return this.token.value;
  }
}
