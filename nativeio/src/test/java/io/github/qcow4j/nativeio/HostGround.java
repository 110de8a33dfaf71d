package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A directory of this host, through one provider. */
public record HostGround(Volume volume, Path directory) implements Ground {

  @Override
  public void makeSymbolicLink(Path link, Path target) throws IOException {
    Files.createSymbolicLink(link, target);
  }

  @Override
  public void setPermissions(Path path, int permissions) throws IOException {
    Files.setAttribute(path, "unix:mode", permissions);
  }

  /** The volume of this provider; the test fails where it does not work. */
  public static Volume provider(String name) {
    return Volumes.choose(name);
  }
}
