/** The places beside the handshake, used as people do: by hand and by keyboard, over a background that does what it is told. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { panelOpener } from '../../support/panelOpener.ts';

const open = panelOpener();

describe('the scenario editor', () => {
  it('says the same as the form, whichever of them was changed, and keeps cursor and comments', async () => {
    const page = await open('scenario');
    const text = page.getByRole('textbox', { name: 'Scenario' });
    const mtu = page.getByRole('textbox', { name: 'MTU' });
    expect(await mtu.inputValue()).toBe('1472');
    await text.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(area.value.length, area.value.length));
    await mtu.fill('900');
    const value = await text.inputValue();
    expect(value).toContain('mtu: 900   # as their gateway is configured\n');
    expect(value).toContain('# What customers behind the tunnel see\n');
    expect(await text.evaluate((area: HTMLTextAreaElement) => area.selectionStart)).toBe(value.length);
    await text.press('ControlOrMeta+End');
    await page.keyboard.type('rto: 250ms');
    await page.getByText('Timers', { exact: false }).first().click();
    expect(await page.locator('[data-field=rto] input').inputValue()).toBe('250ms');
    expect(await page.getByText('established, with retransmission-normal').count()).toBe(1);
    await page.close();
  });

  it('shows problems by line and column, walks them with F8, and runs nothing before they are mended', async () => {
    const page = await open('scenario-wrong');
    const list = page.getByRole('list', { name: 'Problems by line' });
    expect(await list.getByRole('listitem').allTextContents()).toEqual([
      '3:6 mtu: "12" is too small; allowed: 64 to 65507 bytes',
      '4:1 "linc" is not a field (did you mean link or bind?)',
      '5:14 link: "loss=300%" is too large; allowed: 0% to 100%',
      expect.stringContaining('6:30 expect.findings.must: "fragment-lots" is no finding'),
    ]);
    const text = page.getByRole('textbox', { name: 'Scenario' });
    const line = (): Promise<number> =>
      text.evaluate((area: HTMLTextAreaElement) => area.value.slice(0, area.selectionStart).split('\n').length);
    await text.focus();
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.press('F8');
    expect(await line()).toBe(3);
    await page.keyboard.press('Shift+F8');
    expect(await line()).toBe(6);
    await list.getByRole('button', { name: '4:1' }).press('Enter');
    expect(await line()).toBe(4);
    await page.getByRole('button', { name: 'Run it' }).click();
    await page.getByText('The scenario has problems').waitFor();
    await page.close();
  });

  it('opens a scenario file that is dropped or chosen, and a run says whether it came as expected', async () => {
    const page = await open('');
    const scenario = 'version: 1\nname: From a file\ntarget: 127.0.0.1:4433\nexpect: no-answer\n';
    await page
      .getByLabel('Captures, traces, key logs and scenarios to open')
      .first()
      .setInputFiles({ name: 'dropped.yaml', mimeType: 'text/yaml', buffer: Buffer.from(scenario) });
    await page.getByRole('tab', { name: 'Scenario', selected: true }).waitFor();
    expect(await page.getByLabel('Target').inputValue()).toBe('127.0.0.1:4433');
    await page.getByRole('button', { name: 'Run it' }).click();
    await page.getByRole('tab', { name: 'Handshake', selected: true }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    const expectation = page.getByRole('region', { name: 'Expectation' });
    expect(await expectation.textContent()).toContain('as expected From a file: no-answer');
    await page.close();
  });
});

describe('the sweep', () => {
  it('is put together in rows that are the text’s own, and says what it will do before it does it', async () => {
    const page = await open('place=sweep');
    await page.getByRole('button', { name: 'Certificate against MTU' }).click();
    await page.getByText('4 × 4 = 16 cells, 1 handshake each: 16 in all.').waitFor();
    await page.getByRole('textbox', { name: 'Values of mtu, one a line' }).fill('300\n12\n');
    const problems = page.getByRole('list', { name: 'Problems of the sweep' });
    expect(await problems.getByRole('listitem').first().textContent()).toContain('mtu: "12" is too small');
    expect(await page.getByRole('button', { name: 'Run the sweep' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Do not vary mtu' }).click();
    await page.getByLabel('Vary also').selectOption('versions');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByLabel('Handshakes in a cell').fill('3');
    await page.getByText('4 × 2 = 8 cells, 3 handshakes each: 24 in all.').waitFor();
    await page.getByRole('button', { name: 'As text' }).click();
    expect(await page.getByRole('textbox', { name: 'Scenario' }).inputValue()).toContain(
      'sweep:\n  certGen: [ecdsa-p256, rsa-2048, rsa-4096, "rsa-4096,chain=3"]\n  versions: ["1.2", "1.3"]\n  seeds: 3\n',
    );
    await page.close();
  });

  it('has a table whose cells are walked by arrow keys, tell their figures, and open a handshake', async () => {
    const page = await open('sweep');
    const cells = page.getByRole('table', { name: 'packing \\ link' }).getByRole('button');
    expect(await cells.count()).toBe(12);
    expect(await cells.nth(8).textContent()).toBe('◑ 15/20, 50 % and more');
    await cells.first().focus();
    for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    const chosen = page.getByRole('region', { name: 'Chosen cell' });
    expect(await chosen.textContent()).toContain('packing record, link loss=10%15/20, 75 %');
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Handshake', selected: true }).waitFor();
    const asked = await page.evaluate(() => {
      const { client } = globalThis as unknown as { client: { requests: { name: string; options: unknown }[] } };
      return client.requests.at(-1);
    });
    expect(asked).toMatchObject({
      name: 'Packing against loss: packing record, link loss=10%',
      options: { packing: 'record', link: ['loss=10%'], seed: '3' },
    });
    await page.close();
  });

  it('is stopped by a click, and saved as a page, a table and a state to go on from', async () => {
    const page = await open('sweep-empty');
    await page.getByRole('button', { name: 'Stop', exact: true }).and(page.locator('.primary')).click();
    await page.getByText('Stopped: 7 of 12 cells').waitFor();
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    for (const [kind, ending] of [
      ['html', 'html'],
      ['jsonl', 'jsonl'],
    ] as const) {
      await page.getByLabel('What to save').selectOption(kind);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save', exact: true }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`packing.${ending}`);
    }
    await page.close();
  });
});

describe('the check', () => {
  it('says what it would send, and asks before it sends anything over a network', async () => {
    const page = await open('place=check');
    const asked = (): Promise<string[]> =>
      page.evaluate(() => (globalThis as unknown as { client: { asked: string[] } }).client.asked);
    await page.getByText('at most 96 handshakes, 2400 datagrams of ours, 4 min').waitFor();
    await page.getByLabel('Target').fill('127.0.0.1:4433');
    await page.getByRole('button', { name: 'Check 127.0.0.1:4433…' }).click();
    const question = page.getByRole('alertdialog');
    expect(await question.textContent()).toContain(
      'Send up to 2400 datagrams, in up to 96 handshakes, to 127.0.0.1:4433?',
    );
    await question.getByRole('button', { name: 'No' }).click();
    expect((await asked()).filter((one) => one.startsWith('start check'))).toEqual([]);
    await page.getByRole('button', { name: 'Check 127.0.0.1:4433…' }).click();
    await page.keyboard.press('Enter');
    expect((await asked()).at(-1)).toBe('start check 127.0.0.1:4433');
    await page.close();
  });

  it('shows results by sign and word, what fails alone, the handshake that shows it, and a scenario of it', async () => {
    const page = await open('check');
    const rows = page.locator('.check-table tr[data-check]');
    expect(await rows.locator('td:first-child').allTextContents()).toEqual([
      'passes',
      'passes',
      'fails',
      'not applicable',
      'worth knowing',
      'not clear',
    ]);
    await page.getByLabel('only what fails or is not clear').check();
    expect(await rows.count()).toBe(3);
    await page.getByRole('button', { name: 'Handshake 12: its whole flight is dropped once' }).first().click();
    await page.getByRole('tab', { name: 'Handshake', selected: true }).waitFor();
    await page.getByRole('tab', { name: 'Check' }).click();
    await page.getByRole('button', { name: 'Scenario that shows: it repeats its flight by itself' }).click();
    expect(await page.getByRole('textbox', { name: 'Scenario' }).inputValue()).toContain('in:drop=certificate#1');
    await page.close();
  });

  it('is saved as page, as Markdown, and as the JSON that the terminal prints, with the address masked', async () => {
    const page = await open('check');
    const summary = 'It fails 1 of 2 things that the RFCs demand, and does the one that they recommend';
    await page.getByText(`Done: ${summary}`).waitFor();
    for (const ending of ['html', 'md', 'json']) {
      await page.getByLabel('What to save').selectOption(ending);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save', exact: true }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`dtlscope-check-gateway.example.net-4433.${ending}`);
      const text = await readFile(await download.path(), 'utf8');
      expect(text).toContain(summary);
      if (ending === 'json') expect(JSON.parse(text)).toMatchObject({ ended: 'done', results: { length: 6 } });
    }
    await page.close();
  });

  it('is stopped by a click', async () => {
    const page = await open('check-running');
    await page.getByRole('toolbar', { name: 'Check' }).getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped: It fails 1 of 2 things that the RFCs demand').waitFor();
    await page.close();
  });
});
