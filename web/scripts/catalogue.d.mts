import type { Plugin } from 'vite';

export function catalogueFiles(language: string, root?: string): string[];
export function readCatalogue(language: string, root?: string): Record<string, string>;
export function catalogue(): Plugin;
