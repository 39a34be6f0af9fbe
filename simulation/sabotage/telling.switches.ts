import { at, type Switch } from './switch.js';

const EGRESS = 'src/webhooks/egress.ts';
const COURIER = 'src/webhooks/courier.ts';
const CLAIMS = 'src/webhooks/delivery.claims.ts';
const OUTCOMES = 'src/webhooks/delivery.outcomes.ts';
const DELIVERY = 'test/scenarios/webhook.delivery.test.ts';
const CALLS = 'test/scenarios/webhook.egress.test.ts';

/** What is told to merchants, in which order, and where nobody is called. */
export const TELLING: readonly Switch[] = [
  {
    name: 'rebinding_unseen',
    removes: 'the look at the address that a name leads to when it is called',
    patches: [at(EGRESS, 'if (!this.allowPrivate && !addresses.every(isPublicAddress)) throw', 'if (addresses.length > 99) throw')],
    watch: { test: CALLS },
  },
  {
    name: 'url_believed_for_ever',
    removes: 'the look at an endpoint’s URL before each call',
    patches: [at(COURIER, "if (refusal !== null) return end(", "if (refusal === '') return end(")],
    watch: { test: CALLS },
  },
  {
    name: 'deliveries_out_of_order',
    removes: 'that what is behind a failing delivery waits for it',
    patches: [at(CLAIMS, 'and (o.sequence < due.sequence or o.lease_until is not null)', 'and o.lease_until is not null')],
    watch: { test: DELIVERY },
  },
  {
    name: 'delivery_unfenced',
    removes: 'the lease under which an outcome is written',
    patches: [at(OUTCOMES, ' and d.lease_token = r.lease_token', '')],
    watch: { test: DELIVERY },
  },
  {
    name: 'endless_places',
    removes: 'the bound on what is in flight to one endpoint',
    patches: [at(CLAIMS, 'f.place <= f.places', 'true')],
    watch: { test: DELIVERY },
  },
  {
    name: 'old_secret_forgotten',
    removes: 'the signature by a secret that was replaced today',
    patches: [at('src/webhooks/signing.ts', '? [secret, previous] : [secret]', '? [secret] : [secret]')],
    watch: { test: DELIVERY },
  },
];
