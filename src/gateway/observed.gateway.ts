import type { OnApplicationShutdown } from '@nestjs/common';
import { gatewayDuration } from '../platform/telemetry/meters.js';
import { beginStep } from '../platform/telemetry/tracing.js';
import {
  type Answer, type FoundPayment, Gateway, LookupFailed, type PaymentAnswer, type PaymentRequest, type RefundAnswer,
  type RefundRequest, UnknownOutcome,
} from './gateway.port.js';

/** What came of a call, and what of it may be told. */
interface Told {
  outcome: string;
  request_id?: string | null;
  payment?: string | null;
}

/** The gateway as it is, with every call measured, and shown in traces: what came of it, never what was sent. */
export class ObservedGateway extends Gateway implements OnApplicationShutdown {
  constructor(private readonly gateway: Gateway & OnApplicationShutdown) {
    super();
  }

  pay(request: PaymentRequest, deadline: number): Promise<PaymentAnswer> {
    return observed('pay', () => this.gateway.pay(request, deadline), (answer) => ({
      ...answered(answer),
      payment: answer.answer === 'accepted' ? answer.fact.payment_id : null,
    }));
  }

  refund(request: RefundRequest, deadline: number): Promise<RefundAnswer> {
    return observed('refund', () => this.gateway.refund(request, deadline), (answer) => ({ ...answered(answer), payment: request.paymentId }));
  }

  payment(paymentId: string, withRefunds?: boolean): Promise<FoundPayment | null> {
    return observed('payment', () => this.gateway.payment(paymentId, withRefunds), (found) => ({
      outcome: found ? 'found' : 'not_found',
      request_id: found?.requestId ?? null,
      payment: paymentId,
    }));
  }

  paymentsByReference(reference: string): Promise<FoundPayment[]> {
    return observed('payments_by_reference', () => this.gateway.paymentsByReference(reference), (found) => ({
      outcome: found.length > 0 ? 'found' : 'not_found',
      payment: found[0]?.fact.payment_id ?? null,
    }));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.gateway.onApplicationShutdown();
  }
}

function answered(answer: Answer<object>): Told {
  return { outcome: answer.answer === 'not_taken' ? answer.reason : answer.answer, request_id: answer.requestId };
}

function failureOf(error: unknown): string {
  if (error instanceof UnknownOutcome) return 'unknown';
  return error instanceof LookupFailed ? 'failed' : 'error';
}

async function observed<T>(operation: string, call: () => Promise<T>, tell: (answer: T) => Told): Promise<T> {
  const since = performance.now();
  const step = beginStep(`gateway ${operation}`, 'client');
  const end = (told: Told, failed: boolean): void => {
    gatewayDuration.observe({ operation, outcome: told.outcome }, (performance.now() - since) / 1_000);
    step?.end({ operation, ...told, ...(failed && { 'error.type': told.outcome }) });
  };
  try {
    const answer = await (step ? step.within(call) : call());
    end(tell(answer), false);
    return answer;
  } catch (error) {
    end({ outcome: failureOf(error) }, true);
    throw error;
  }
}
