export interface ContentPool {
  readonly workers: number;
}
export function openContent(workers: number | undefined): ContentPool {
  return { workers: workers ?? 0 };
}
export async function closeContent(_pool: ContentPool): Promise<void> {}
