// Paths of the contract that the description of this branch does not hold yet. A path leaves this list when it is in openapi.json
// (tests/api.test.ts says so).
export type ComingPath = '/v1/second-factor' | '/v1/floor' | '/v1/contacts' | '/v1/contacts/{id}' | '/v1/contacts/{id}/history' | '/v1/dispositions' | '/v1/dispositions/{code}' | '/v1/call-reports' | '/v1/call-reports/{call}' | '/v1/follow-ups' | '/v1/follow-ups/{call}/done' | '/v1/hours' | '/v1/hours/{code}' | '/v1/holidays' | '/v1/holidays/{code}' | '/v1/recordings/{call}/hold' | '/v1/recordings/{call}/comments';
