/** Something that must never be, and whose story it belongs to. */
export interface Violation {
  kind:
    | 'double'
    | 'missed'
    | 'abandoned'
    | 'wrong_price'
    | 'wrong_period'
    | 'unbooked'
    | 'unreturned'
    | 'misread'
    | 'pestered'
    | 'overlap'
    | 'untold'
    | 'incoherent'
    | 'stuck';
  email: string | null;
  detail: string;
}
