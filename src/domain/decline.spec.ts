import { describe, expect, it } from 'vitest';
import { cautiously, classOf, DECLINE_CLASSES, decisiveCode } from './decline.js';

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
const range = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

/** Every response code that the gateway documents, by what it says. A second time, and in the documentation's order. */
const DOCUMENTED: Readonly<Record<string, readonly [name: string, codes: string[]]>> = {
  'approved, on a payment that is declined': ['technical', words('10000 10008 10010 10011 10076 10077 10081 10100 10200')],
  'refer to issuer': ['funds', words('20001 20002')],
  'merchant, amount, format, currency, country': ['configuration', words(`20003 20012 20013 20030 20031 20040 20058 20060 20064
    20102 20103 20106 20107 20112 20113 20115 20116 20117 20119 20123 20156 20157 20193`)],
  'capture or restrict the card': ['risk', words('20004 20062 20063 20066 20067')],
  'do not honour': ['funds', words('20005 20046 20057 20099')],
  'invalid request parameters': ['configuration', ['20006']],
  'in progress': ['technical', words('20009 20118')],
  'account or mandate invalid, expired, unknown': ['reauthorise', words('20014 20052 20053 20039 20044 20054 20056 20072 20083 20101 20114 20120 20179')],
  'customer cancels or disputes': ['reauthorise', words('20017 20018')],
  'malfunction and time-out': ['technical', words('20019 20020 20021 20022 20068 20091 20092 20096 20104 20105 200E3 200A4 200A5 200A6')],
  'previous payment invalid': ['configuration', ['20033']],
  'insufficient funds': ['funds', ['20051']],
  'suspected fraud, policy, security, law': ['risk', words('20059 20182 20183 20093')],
  'amount and frequency limits': ['funds', words('20061 20065 20121 200P1 200P9')],
  'PIN, CVV, expiry, first use': ['reauthorise', words('20075 20038 20055 20070 20078 20087 20100 20124 200N7')],
  'blocked by issuer or holder': ['reauthorise', words('2005C 2009G')],
  'identity not verified': ['reauthorise', ['2006P']],
  'duplicate transmission': ['technical', ['20094']],
  'updated cardholder available': ['reauthorise', ['20108']],
  'refunds and reversals only': ['configuration', words('20109 20110 20111 20158')],
  'strong authentication required': ['reauthorise', words('20150 20151 20152 20154 20155')],
  'strong authentication failed to work': ['technical', words('20153 20159')],
  'stop payment': ['reauthorise', words('200R1 200R3')],
  'mandate approval pending': ['technical', ['20199']],
  'networks, terminals, hosts': ['configuration', [...words('20015 20016'), ...range(20023, 20029), ...words('20032 20042 20045 20081 20082'),
    ...range(20084, 20086), ...range(20088, 20090), ...words('20095 20097 20098 20122 20197 200E0 200E2 200N0 200S4 200T2 200T3 200T5')]],
  'pick up, suspected': ['risk', words('30004 30007 30034 30035 30036 30037')],
  'expired, locked, lost, stolen': ['reauthorise', words('30033 30038 30041 30043')],
  'issuer unknown or unwilling': ['reauthorise', range(30015, 30019)],
  'hard refusals of the request': ['configuration', words('30020 30044 30045 30400 30450 30499')],
  'total limits': ['funds', words('30021 30022')],
  'closed account': ['reauthorise', ['30046']],
  'risk engines': ['risk', words('41101 42101 43102 40101 41301 42301 43301 43101')],
  'decline lists': ['risk', [41_201, 42_201, 43_201].flatMap((from) => range(from, from + 5))],
  '3DS required by risk engine': ['reauthorise', ['43401']],
  'payouts and refunds': ['configuration', words('50003 50280 50001 50150 50180 50399 50490 50599')],
};

const ERRORS = words(`amount_invalid amount_exceeds_balance currency_invalid currency_required currency_not_supported
  reference_invalid source_invalid source_id_invalid source_id_required source_id_unknown source_type_required
  payment_source_required source_or_destination_required payment_type_invalid previous_payment_id_invalid
  processing_channel_id_required processing_channel_id_invalid cko_processing_channel_id_invalid success_url_required
  success_url_invalid fail_url_invalid customer_id_invalid customer_email_invalid customer_not_found email_invalid
  address_invalid metadata_key_invalid parameter_invalid request_json_invalid request_invalid payment_invalid payment_expired
  payment_method_invalid payment_method_not_supported payee_not_onboarded apm_service_unavailable business_invalid
  business_settings_missing server_api_not_allowed api_calls_quota_exceeded velocity_amount_limit_exceeded
  velocity_count_limit_exceeded action_failure_limit_exceeded issuer_network_unavailable service_unavailable
  processing_error void_amount_invalid`);

describe('the classes of declines', () => {
  it.each(Object.entries(DOCUMENTED).flatMap(([what, [expected, codes]]) => codes.map((code) => [code, expected, what] as const)))(
    '%s is %s: %s',
    (code, expected) => expect(classOf(code)).toBe(expected),
  );

  it.each(ERRORS)('has a class for a request that is refused with %s', (code) => {
    expect(DECLINE_CLASSES).toContain(classOf(code));
  });

  it('takes a wallet that the gateway does not know for one that can be charged no more, and a wrong request for our fault', () => {
    expect(['source_id_unknown', 'currency_invalid', 'service_unavailable', 'action_failure_limit_exceeded'].map(classOf)).toEqual([
      'reauthorise', 'configuration', 'technical', 'funds',
    ]);
  });

  it('reads the wallet’s own results where the gateway has no code', () => {
    expect(['USER_BALANCE_NOT_ENOUGH', 'SYSTEM_ERROR', 'AGREEMENT_NOT_EXIST', 'RISK_REJECT', 'PARAM_ILLEGAL'].map(classOf)).toEqual([...DECLINE_CLASSES]);
  });

  it('knows them with the acquirer’s name in front too', () => {
    expect(['ACQ.AGREEMENT_NOT_EXIST', 'ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED', 'ACQ.SYSTEM_ERROR', 'CYCLE_PAY_SINGLE_FEE_EXCEED'].map(classOf)).toEqual([
      'reauthorise', 'funds', 'technical', 'funds',
    ]);
    expect(['ACQ.', 'ACQ.NEWLY_INVENTED', 'XACQ.SYSTEM_ERROR', 'ACQ_SYSTEM_ERROR'].map(classOf)).toEqual([null, null, null, null]);
  });

  it.each(['29999', '20000', '20149', '30399', '30500', '50000', '50600', '41200', '41207', '09999', '11000', 'newly_invented', '', '-', '2005', '200511', ' 20051', '10000-10999'])(
    'does not know %j, and treats it as want of money',
    (code) => {
      expect(classOf(code)).toBeNull();
      expect(cautiously(code)).toBe('funds');
    },
  );

  it('knows nothing where nothing was said', () => {
    expect([classOf(null), cautiously(null), cautiously('20059')]).toEqual([null, 'funds', 'risk']);
  });
});

describe('of several codes', () => {
  it.each([
    [['request_invalid', 'source_id_unknown'], 'source_id_unknown'],
    [['processing_error', 'amount_invalid'], 'amount_invalid'],
    [['newly_invented', 'service_unavailable'], 'service_unavailable'],
    [['newly_invented', 'action_failure_limit_exceeded'], 'action_failure_limit_exceeded'],
    [['service_unavailable', 'action_failure_limit_exceeded'], 'action_failure_limit_exceeded'],
    [['amount_invalid', '20059'], '20059'],
    [['20059', 'source_id_unknown'], 'source_id_unknown'],
    [['action_failure_limit_exceeded', 'currency_invalid', 'service_unavailable'], 'currency_invalid'],
    [['amount_invalid', 'currency_invalid'], 'amount_invalid'],
    [['newly_invented'], 'newly_invented'],
    [['20005', 'ACQ.AGREEMENT_NOT_EXIST'], 'ACQ.AGREEMENT_NOT_EXIST'],
    [['20051', 'USER_BALANCE_NOT_ENOUGH'], '20051'],
    [['PROCESS_FAIL', '20096'], '20096'],
    [['29999', 'PROCESS_FAIL'], '29999'],
    [['PROCESS_FAIL'], 'PROCESS_FAIL'],
  ])('%j, %s decides', (codes, decisive) => expect(decisiveCode(codes)).toBe(decisive));

  it('none decides where there is none', () => expect(decisiveCode([])).toBeNull());
});
