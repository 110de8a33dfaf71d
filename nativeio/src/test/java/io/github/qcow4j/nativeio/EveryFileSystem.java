package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** One provider on one kind of file system: what the contracts are run over. */
record EveryFileSystem(String provider, LoopFileSystem.Kind kind) {

  static final List<String> PROVIDERS = List.of("panama", "jnr", "portable");

  static List<EveryFileSystem> all() {
    List<EveryFileSystem> all = new ArrayList<>();
    for (LoopFileSystem.Kind kind : LoopFileSystem.Kind.values()) {
      for (String provider : PROVIDERS) {
        all.add(new EveryFileSystem(provider, kind));
      }
    }
    return all;
  }

  Ground ground() throws IOException {
    return new HostGround(
        HostGround.provider(provider), LoopFileSystem.shared(kind).newDirectory());
  }
}
