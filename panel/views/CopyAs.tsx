/** Copies the selected field's bytes, or all of the buffer, in the form that is chosen. */
import { type ReactElement, useState } from 'react';
import type { FieldTree, InspectedBuffer } from '../../src/analysis/inspect/model.ts';
import { byteForms, bytesAs, fieldsJson } from '../../src/report/bytes.ts';
import { plural } from '../layout/text.ts';
import { copyText } from './CopyLine.tsx';

const forms = [...byteForms, 'JSON'] as const;
type Form = (typeof forms)[number];

interface Props {
  readonly buffer: InspectedBuffer;
  /** What is copied; JSON takes the field with its parts. */
  readonly field: FieldTree;
  readonly start: number;
  readonly end: number;
}

export function CopyAs({ buffer, field, start, end }: Props): ReactElement {
  const [form, setForm] = useState<Form>('hex');
  const [said, setSaid] = useState('');
  const what = form === 'JSON' ? field.name : plural(end - start, 'byte');
  return (
    <div className="copy-as row">
      <label>
        Copy as{' '}
        <select
          value={form}
          onChange={(event) => {
            setForm(forms.find((one) => one === event.target.value) ?? 'hex');
            setSaid('');
          }}
        >
          {forms.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        onClick={async () => {
          const bytes = buffer.bytes.subarray(start, end);
          const text = form === 'JSON' ? fieldsJson(field, buffer.bytes) : bytesAs(form, bytes, field.name);
          setSaid((await copyText(text)) ? `copied ${what}` : 'the browser refused to copy');
        }}
      >
        Copy {what}
      </button>
      <span role="status" className="dim">
        {said}
      </span>
    </div>
  );
}
