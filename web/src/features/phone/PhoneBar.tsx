export function PhoneBar(_: { agent: string }) { return null; }
