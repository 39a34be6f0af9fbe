import { ApiKeyTable, AuditTable, IdempotencyKeyTable } from './access/access.tables.js';
import { ChargeTable, InvoiceTable, RefundTable, SourceTable, SubscriptionTable } from './cases/case.tables.js';
import { CustomerBalanceTable, CustomerTable } from './customers/customer.tables.js';
import { EventTable } from './events/event.tables.js';
import { MessageTable } from './messages/message.tables.js';
import { PlanTable, PlanVersionTable } from './plans/plan.tables.js';
import { PolicyTable } from './plans/policy.tables.js';
import { WebhookDeliveryTable, WebhookEndpointTable } from './webhooks/webhook.tables.js';

/** Every table that the code knows by its columns; CI compares them with what the migrations make. */
export const TABLES = [
  PolicyTable,
  PlanTable,
  PlanVersionTable,
  CustomerTable,
  CustomerBalanceTable,
  SubscriptionTable,
  SourceTable,
  InvoiceTable,
  ChargeTable,
  RefundTable,
  EventTable,
  MessageTable,
  WebhookEndpointTable,
  WebhookDeliveryTable,
  ApiKeyTable,
  IdempotencyKeyTable,
  AuditTable,
];
