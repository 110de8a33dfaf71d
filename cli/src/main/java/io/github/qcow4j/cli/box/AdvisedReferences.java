package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.option.ReferenceChoice;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What images outside the home may lead to. Whoever is refused is told which option allows it: a
 * home does not remember what one command was allowed, so that the next has to be allowed it too.
 *
 * @param policy what is allowed
 * @param narrowed whether the environment takes something away from what the option allows
 */
record AdvisedReferences(ReferencePolicy policy, boolean narrowed) implements ReferencePolicy {

  @Override
  public Path admit(Reference reference, Volume volume) throws IOException {
    try {
      return policy.admit(reference, volume);
    } catch (ReferenceDeniedException e) {
      ReferenceDeniedException advised =
          new ReferenceDeniedException(
              e.image(), e.reference(), e.reason() + advice(reference.namingImage()));
      advised.initCause(e);
      throw advised;
    }
  }

  private String advice(Path naming) {
    return "; --references says what images outside the home may lead to: give it as when the box"
        + " was made, or, where '%s' can be trusted, --references allow or under=DIR"
            .formatted(naming)
        + (narrowed ? "; " + ReferenceChoice.VARIABLE + " is set, and has to allow it too" : "");
  }

  @Override
  public boolean mayProbeFormat() {
    return policy.mayProbeFormat();
  }
}
