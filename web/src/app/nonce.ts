// The page's policy lets styles in that carry this answer's nonce (see the server's console files); scripts come from files only.
export const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce;
