package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.Path;

/**
 * What a contract test stands on: a volume and an empty directory in it, and the few things that a
 * volume cannot do itself but its tests need.
 */
public interface Ground {

  /** The volume under test. */
  Volume volume();

  /** An empty directory of this test's own. */
  Path directory();

  /** Makes a symbolic link that says {@code target}. */
  void makeSymbolicLink(Path link, Path target) throws IOException;

  /** Sets the permission bits of a file. */
  void setPermissions(Path path, int permissions) throws IOException;
}
