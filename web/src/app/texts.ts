// Every text a person sees has a key, and stands in fa.json and in en.json of the feature it belongs to (a test holds that).
import { i18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import { useCallback } from 'react';
import type app from './en.json';
import type administration from '../features/administration/en.json';
import type archive from '../features/archive/en.json';
import type contacts from '../features/contacts/en.json';
import type desk from '../features/desk/en.json';
import type floor from '../features/floor/en.json';
import type phone from '../features/phone/en.json';
import type reports from '../features/reports/en.json';
import type session from '../features/session/en.json';

export type TextKey =
  | keyof typeof app
  | keyof typeof administration
  | keyof typeof archive
  | keyof typeof contacts
  | keyof typeof desk
  | keyof typeof floor
  | keyof typeof phone
  | keyof typeof reports
  | keyof typeof session;

export type Language = 'fa' | 'en';
export type Text = (key: TextKey, values?: Record<string, unknown>) => string;

export async function loadLanguage(language: Language) {
  const { default: messages } = await (language === 'fa' ? import('virtual:catalogue/fa') : import('virtual:catalogue/en'));
  i18n.loadAndActivate({ locale: language, messages });
}

export function useText(): Text {
  const { i18n: active } = useLingui();
  // a new function when the language changes, so that memoised parts are drawn again
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useCallback((key, values) => active._(key, values), [active, active.locale]);
}

// Codes that the server sends (states, outcomes, roles): a text when there is one, the code itself when the server is newer than we are.
export function textOfCode(t: Text, prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  const found = t(key as TextKey);
  return found === key ? code : found;
}
