/** Meanings of the response codes that a wallet charge or refund may carry [C]; which of them AlipayCN uses is an assumption. */
const SUMMARIES: Record<string, string> = {
  '10000': 'Approved',
  '10010': 'Partial value approved',
  '20003': 'Invalid merchant',
  '20005': 'Declined - Do not honour',
  '20006': 'Error / invalid request parameters',
  '20017': 'Customer cancellation',
  '20046': 'Bank decline',
  '20051': 'Insufficient funds',
  '20054': 'Expired card',
  '20059': 'Suspected fraud',
  '20061': 'Activity amount limit exceeded',
  '20062': 'Restricted card',
  '20065': 'Exceeds withdrawal frequency limit',
  '20068': 'Response received too late / timeout',
  '20096': 'System malfunction',
  '20099': 'Other / unidentified responses',
  '20101': 'No such account / token invalid',
  '20106': 'Unsupported currency',
  '20118': 'Transaction pending',
  '20120': 'Invalid customer / user',
  '20158': 'Refund validity period expired',
  '20199': 'Mandate approval pending',
  '200R1': 'Stop payment for this authorisation: the cardholder cancelled the subscription',
  '200R3': 'Stop payment for all: the cardholder cancelled all subscriptions',
  '30021': 'Total amount limit reached',
  '30022': 'Total transaction count limit reached',
  '30046': 'Closed account',
  '41101': 'Risk blocked transaction',
  '50003': 'Insufficient balance',
};

const FAMILIES: Record<string, string> = { '1': 'Approved', '2': 'Declined', '3': 'Declined - hard decline', '4': 'Risk responses', '5': 'Refund declined' };

/** The readable text that goes with a response code. */
export function responseSummary(code: string): string {
  return SUMMARIES[code] ?? FAMILIES[code.charAt(0)] ?? 'Unknown response';
}

/** Ant's result that lies behind a decline, told in `processing.partner_*` [assumed mapping]. */
const PARTNER_RESULTS: Record<string, string> = {
  '20051': 'USER_BALANCE_NOT_ENOUGH',
  '20061': 'USER_AMOUNT_EXCEED_LIMIT',
  '20065': 'PAYMENT_COUNT_EXCEED_LIMIT',
  '200R1': 'AGREEMENT_NOT_EXIST',
  '200R3': 'AGREEMENT_NOT_EXIST',
  '20101': 'INVALID_ACCESS_TOKEN',
  '20059': 'RISK_REJECT',
  '20062': 'USER_STATUS_ABNORMAL',
  '20005': 'PROCESS_FAIL',
  '20096': 'SYSTEM_ERROR',
  '20068': 'ORDER_IS_CLOSED',
  '20003': 'MERCHANT_NOT_REGISTERED',
  '20106': 'CURRENCY_NOT_SUPPORT',
};

/** The provider's own name for a decline. */
export function partnerResult(code: string): string {
  return PARTNER_RESULTS[code] ?? 'PROCESS_FAIL';
}
