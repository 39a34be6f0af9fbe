import { describe, expect, it } from 'vitest';
import { errorText, plainError, scrubbed, told } from './log.line.js';

describe('a line of the log', () => {
  it('tells fields that are known, and of errors what they are', () => {
    const err = Object.assign(new TypeError('no road'), { email: 'li@example.com', code: 'ENOROAD' });
    expect(told({ charge: 'chg_1', status: 500, body: 'x', name: 'Li', kind: { a: 1 }, err })).toEqual({
      charge: 'chg_1', status: 500, body: '[redacted]', name: '[redacted]', kind: '[redacted]',
      err: { type: 'TypeError', message: 'no road', code: 'ENOROAD', stack: expect.stringMatching(/^ +at /) },
    });
  });

  it.each([
    [new SyntaxError('Unexpected token in "Li Na"')],
    [Object.assign(new Error('invalid input syntax for type integer: "Li Na"'), { code: '22P02', detail: 'Li Na' })],
    [Object.assign(new Error('new row violates check constraint'), { code: '23514', detail: 'Failing row contains (Li Na)', parameters: ['Li Na'] })],
    [new Error('the outer one', { cause: new SyntaxError('Li Na') })],
  ])('keeps what an error quotes to itself: %#', (error) => {
    expect(JSON.stringify(plainError(error))).not.toContain('Li Na');
    expect(errorText(error)).not.toContain('Li Na');
  });

  it('follows causes, not for ever', () => {
    const error = new Error('a');
    error.cause = error;
    expect(JSON.stringify(plainError(error)).match(/"message"/g)).toHaveLength(4);
    expect(errorText('not an error, li@example.com')).toBe('not an error, [redacted]');
  });

  it.each([
    ['wallet src_4x4x4x4x4x4x', 'wallet src_[redacted]'],
    ['whsec_abc+/def= and zq_a-b_cdefgh', 'whsec_[redacted] and zq_[redacted]'],
    ['"authorization":"Bearer abc.def"', '"authorization":"Bearer [redacted]"'],
    ['GET /pay/abc.def?x', 'GET /pay/[redacted]?x'],
    ['"route":"/pay/:token"', '"route":"/pay/:token"'],
    ['smtp://me:secret@localhost:25', 'smtp://[redacted]@localhost:25'],
    ['to li@example.com, wang%40example.com', 'to [redacted], [redacted]'],
    ['at node_modules/@nestjs/core/x.js:1:2', 'at node_modules/@nestjs/core/x.js:1:2'],
  ])('hides what is recognised: %s', (line, expected) => {
    expect(scrubbed(line)).toBe(expected);
  });
});
