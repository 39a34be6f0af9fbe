import { Module } from '@nestjs/common';
import { Config } from '../platform/config/config.js';
import { Outbound } from '../platform/http/outbound.js';
import { type CheckoutAuth, OAuth, SecretKeyAuth } from './checkout/checkout.auth.js';
import { CheckoutGateway } from './checkout/checkout.gateway.js';
import { CheckoutHttp } from './checkout/checkout.http.js';
import { Gateway } from './gateway.port.js';
import { ObservedGateway } from './observed.gateway.js';

/** Connections to the gateway per process: enough for its rate limit at a second's latency. */
const CONNECTIONS = 128;

function authOf(config: Config): CheckoutAuth {
  const { CKO_SECRET_KEY, CKO_TOKEN_URL, CKO_CLIENT_ID, CKO_CLIENT_SECRET } = config;
  if (CKO_SECRET_KEY !== undefined) return new SecretKeyAuth(CKO_SECRET_KEY);
  if (CKO_TOKEN_URL && CKO_CLIENT_ID && CKO_CLIENT_SECRET) {
    return new OAuth({ tokenUrl: CKO_TOKEN_URL, clientId: CKO_CLIENT_ID, clientSecret: CKO_CLIENT_SECRET });
  }
  throw new Error('There are no gateway credentials');
}

@Module({
  providers: [
    {
      provide: Gateway,
      inject: [Config, Outbound],
      useFactory: (config: Config, { dispatcher }: Outbound) => {
        if (config.CKO_API_URL === undefined) throw new Error('There is no gateway URL');
        const http = new CheckoutHttp(config.CKO_API_URL, { connections: CONNECTIONS, dispatcher });
        return new ObservedGateway(new CheckoutGateway(http, authOf(config)));
      },
    },
  ],
  exports: [Gateway],
})
export class GatewayModule {}
