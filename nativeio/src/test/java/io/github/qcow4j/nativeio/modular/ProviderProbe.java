package io.github.qcow4j.nativeio.modular;

import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.io.IOException;
import java.nio.file.Path;

/** Says which provider is taken, after it has done something. */
final class ProviderProbe {

  private ProviderProbe() {}

  public static void main(String[] arguments) throws IOException {
    Volume volume = Volumes.host();
    ProviderInfo provider = volume.provider();
    volume.list(Path.of("/"));
    System.out.println(
        Volumes.class.getModule() + ", " + provider.name() + ": " + provider.reason());
  }
}
