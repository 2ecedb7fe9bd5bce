import { WireError } from '@iec104mm2ss/wire';
import { describe, expect, it } from 'vitest';
import { remembering } from './receive.js';

describe('a decoder that remembers', () => {
  const made: string[] = [];
  const decode = remembering((data) => {
    const text = Buffer.from(data).toString();
    made.push(text);
    return text === 'rubbish' ? new WireError('JSON', text) : { text };
  });

  it('decodes the same octets once, others anew, and remembers no error', () => {
    const octets = Buffer.from('one');
    const first = decode(octets);
    // The octets belong to the message: whoever made it may use them again.
    octets.write('two');
    expect(decode(Buffer.from('one'))).toBe(first);
    expect(decode(octets)).toEqual({ text: 'two' });
    for (const _ of [1, 2]) expect(decode(Buffer.from('rubbish'))).toBeInstanceOf(WireError);
    expect(decode(Buffer.from('two'))).toEqual({ text: 'two' });
    expect(made).toEqual(['one', 'two', 'rubbish', 'rubbish']);
  });

  it('remembers one message of each sender that takes turns, and forgets the oldest', () => {
    const made: string[] = [];
    const each = remembering((data) => {
      made.push(Buffer.from(data).toString());
      return made.length;
    }, 2);
    for (const text of ['a', 'b', 'a', 'b', 'c', 'b', 'a']) each(Buffer.from(text));
    expect(made).toEqual(['a', 'b', 'c', 'a']);
  });
});
