/** Why a payment failed, as far as it decides what is done next. */
export const DECLINE_CLASSES = ['funds', 'technical', 'reauthorise', 'risk', 'configuration'] as const;

/**
 * - `funds`: too little money, a limit, or no reason given: the customer's wallet may pay another day.
 * - `technical`: the gateway or the wallet failed, not the customer: it may work within hours.
 * - `reauthorise`: the mandate is over, or does not cover this: only the customer can sign anew.
 * - `risk`: somebody suspects fraud: trying again by ourselves makes it worse.
 * - `configuration`: our request or our account is wrong: a human has to mend it.
 */
export type DeclineClass = (typeof DECLINE_CLASSES)[number];

/** Checkout.com's response codes: single ones, and ranges of numbers `from-to`. Closed: what is not here is unknown. */
const RESPONSE_CODES: Readonly<Record<DeclineClass, string>> = {
  funds: `
    20001 20002 20005 20046 20051 20057 20061 20065 20099 20121 200P1 200P9 30021 30022`,
  technical: `
    20019 20020 20021 20022 20068 20091 20092 20096 20104 20105 200E3 200A4 200A5 200A6 20153 20159
    10000-10999 20009 20094 20118 20199`,
  reauthorise: `
    20014 20017 20018 20038 20039 20044 20052 20053 20054 20055 20056 20070 20072 20075 20078 20083 20087 20100
    20101 20108 20114 20120 20124 20150-20152 20154 20155 20179 200N7 200R1 200R3 2005C 2009G 2006P
    30015-30019 30033 30038 30041 30043 30046 43401`,
  risk: `
    20004 20059 20062 20063 20066 20067 20093 20182 20183
    30004 30007 30034-30037 40101 41101 42101 43101 43102 41201-41206 42201-42206 43201-43206 41301 42301 43301`,
  configuration: `
    20003 20006 20012 20013 20030 20031 20033 20040 20058 20060 20064 20102 20103 20106 20107 20112 20113 20115-20117
    20119 20123 20156 20157 20193
    20015 20016 20023-20029 20032 20042 20045 20081 20082 20084-20086 20088-20090 20095 20097 20098 20122 20197
    200E0 200E2 200N0 200S4 200T2 200T3 200T5
    20109-20111 20158 30020 30044 30045 30400-30499 50001-50599`,
};

/** `error_codes` of a refused request. */
const ERROR_CODES: Readonly<Record<DeclineClass, string>> = {
  funds: 'action_failure_limit_exceeded',
  technical: `
    api_calls_quota_exceeded apm_service_unavailable issuer_network_unavailable payment_expired processing_error
    service_unavailable velocity_amount_limit_exceeded velocity_count_limit_exceeded`,
  reauthorise: 'source_id_unknown',
  risk: '',
  configuration: `
    address_invalid amount_exceeds_balance amount_invalid business_invalid business_settings_missing
    cko_processing_channel_id_invalid currency_invalid currency_not_supported currency_required customer_email_invalid
    customer_id_invalid customer_not_found email_invalid fail_url_invalid metadata_key_invalid parameter_invalid
    payee_not_onboarded payment_invalid payment_method_invalid payment_method_not_supported payment_source_required
    payment_type_invalid previous_payment_id_invalid processing_channel_id_invalid processing_channel_id_required
    reference_invalid request_invalid request_json_invalid server_api_not_allowed source_id_invalid source_id_required
    source_invalid source_or_destination_required source_type_required success_url_invalid success_url_required
    void_amount_invalid`,
};

/** The wallet's own results, which the gateway shows where it gives no code of its own. */
const WALLET_CODES: Readonly<Record<DeclineClass, string>> = {
  funds: `
    USER_BALANCE_NOT_ENOUGH BUYER_BALANCE_NOT_ENOUGH USER_AMOUNT_EXCEED_LIMIT PAYMENT_AMOUNT_EXCEED_LIMIT
    PAYMENT_COUNT_EXCEED_LIMIT CYCLE_PAY_SINGLE_FEE_EXCEED NO_PAY_OPTIONS PROCESS_FAIL`,
  technical: 'SYSTEM_ERROR UNKNOWN_EXCEPTION PAYMENT_IN_PROCESS REQUEST_TRAFFIC_EXCEED_LIMIT ORDER_IS_CLOSED ORDER_IS_CANCELED',
  reauthorise: `
    AGREEMENT_NOT_EXIST INVALID_ACCESS_TOKEN USER_NOT_EXIST USER_KYC_NOT_QUALIFIED USER_PAYMENT_VERIFICATION_FAILED`,
  risk: 'RISK_REJECT FRAUD_REJECT USER_STATUS_ABNORMAL',
  configuration: `
    ACCESS_DENIED CURRENCY_NOT_SUPPORT MERCHANT_KYB_NOT_QUALIFIED MERCHANT_NOT_REGISTERED ORDER_NOT_EXIST
    ORDER_STATUS_INVALID PARAM_ILLEGAL PAYMENT_NOT_QUALIFIED REPEAT_REQ_INCONSISTENT SETTLE_CONTRACT_NOT_MATCH`,
};

const CLASS_OF_CODE = new Map<string | null, DeclineClass>();

for (const table of [RESPONSE_CODES, ERROR_CODES, WALLET_CODES]) {
  for (const name of DECLINE_CLASSES) {
    for (const entry of table[name].split(/\s/).filter((text) => text !== '')) {
      const [from = '', to] = entry.split('-');
      if (to === undefined) CLASS_OF_CODE.set(entry, name);
      else for (let code = Number(from); code <= Number(to); code += 1) CLASS_OF_CODE.set(String(code), name);
    }
  }
}

/** Where the wallet's domestic results come from, which some of them carry in front. */
const ACQUIRER = /^ACQ\./;

/** The class of a code; null for one that nobody knows, and where none was given. */
export function classOf(code: string | null): DeclineClass | null {
  return CLASS_OF_CODE.get(code && code.replace(ACQUIRER, '')) ?? null;
}

/** What is unknown may be anything: it is treated as want of money, with one more try at most. */
export function cautiously(code: string | null): DeclineClass {
  return classOf(code) ?? 'funds';
}

/** Of several reasons at once the one that is hardest to mend decides. */
const GRAVITY: readonly DeclineClass[] = ['technical', 'funds', 'configuration', 'risk', 'reauthorise'];

/** The wallet's word for "it failed": where another code says why, it adds nothing. */
const NO_REASON = 'PROCESS_FAIL';

/** Of the codes of one failure the one that decides, the first of several that weigh the same; null where there is none. */
export function decisiveCode(codes: readonly string[]): string | null {
  const gravity = (code: string): number => (code === NO_REASON ? -1 : GRAVITY.indexOf(classOf(code) as DeclineClass));
  return codes.toSorted((a, b) => gravity(b) - gravity(a))[0] ?? null;
}
