/** The places beside the handshake, used as people do: by hand and by keyboard, over a background that does what it is told. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../support/launchChromium.ts';
import { openScene, panelFiles } from '../../support/panelShots.ts';

let browser: Browser;
let files: Awaited<ReturnType<typeof panelFiles>>;

beforeAll(async () => {
  files = await panelFiles();
  browser = await launchChromium();
});
afterAll(() => browser?.close());

const open = (scene: string, width = 1600): Promise<Page> =>
  openScene(browser, files, scene, { width, height: 720, theme: 'light' });

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
