package io.github.qcow4j.cli.packaged;

import com.github.luben.zstd.Zstd;

/** A program for the packaged runtime: compresses with the native library and says so. */
final class ZstdProbe {
  private ZstdProbe() {}

  public static void main(String[] args) {
    byte[] compressed = Zstd.compress(new byte[1 << 16]);
    System.out.println("expands to " + Zstd.decompress(compressed, 1 << 16).length + " bytes");
  }
}
