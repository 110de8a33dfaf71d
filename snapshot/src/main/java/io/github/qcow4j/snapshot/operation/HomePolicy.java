package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.snapshot.catalogue.Images;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Which files the images of a home may lead to: layers of the home, and outside of it what the
 * catalogue knows; from there on, what the caller allowed.
 */
final class HomePolicy implements ReferencePolicy {

  private final Home home;

  HomePolicy(Home home) {
    this.home = home;
  }

  @Override
  public Path admit(Reference reference, Volume volume) throws IOException {
    Path root = home.layout().home();
    if (!reference.namingImage().normalize().startsWith(root)) {
      return home.externals().admit(reference, volume);
    }
    Path named = reference.resolved().normalize();
    boolean backing = reference.role() == ReferenceTrail.Role.BACKING_FILE;
    if (backing && named.startsWith(home.layout().layers())) {
      return named;
    } else if (backing && home.read(rows -> new Images(rows).isExternal(reference.storedName()))) {
      return reference.resolved();
    }
    throw new ReferenceDeniedException(
        reference.namingImage(),
        reference.storedName(),
        "it is no layer of this home, and the catalogue knows no such image outside");
  }
}
