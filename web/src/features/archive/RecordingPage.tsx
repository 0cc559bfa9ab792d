export function RecordingPage() { return null; }
