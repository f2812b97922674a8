export declare class Config {
  readonly n: number;
}
