package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.function.Consumer;

/** A home on the host's files, the steps of whose operations are told. */
public final class ObservedHome {

  private ObservedHome() {}

  /** Opens it; what the observer throws fails the operation, and it may end the process. */
  public static BoxHome open(Path directory, Consumer<Step> observer) throws IOException {
    return open(HomeOptions.of(directory), observer);
  }

  static BoxHome open(HomeOptions options, Consumer<Step> observer) throws IOException {
    Volume volume = Volumes.host();
    HomeLayout layout = BoxHome.prepare(volume, options.directory());
    return BoxHome.open(
        options,
        volume,
        layout,
        Catalogue.open(layout.catalogue()),
        new SecureRandom(),
        InstantSource.system(),
        observer);
  }
}
