export async function makeRpm() {}
