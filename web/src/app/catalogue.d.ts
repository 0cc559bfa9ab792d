declare module 'virtual:catalogue/fa' {
  const messages: import('@lingui/core').Messages;
  export default messages;
}
declare module 'virtual:catalogue/en' {
  const messages: import('@lingui/core').Messages;
  export default messages;
}
declare module '@mui/stylis-plugin-rtl';
declare module 'stylis';
declare module '*.woff2' {
  const address: string;
  export default address;
}
