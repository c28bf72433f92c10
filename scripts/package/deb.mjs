export async function makeDeb(){}
