export async function makeRpm(){}
