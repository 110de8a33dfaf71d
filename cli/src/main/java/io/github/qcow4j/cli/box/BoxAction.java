package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command on an open home. Used once. */
abstract class BoxAction implements Callable<Integer> {

  private final Session session;

  @Spec private @org.jspecify.annotations.Nullable CommandSpec spec;

  BoxAction(Session session) {
    this.session = session;
  }

  final Session session() {
    return session;
  }

  @Override
  public final Integer call() throws IOException {
    CommandSpec own = spec;
    try (BoxHome home = session.open(own == null ? "" : own.name())) {
      return act(home);
    }
  }

  /** Does the work and answers; gives the exit code. */
  abstract int act(BoxHome home) throws IOException;
}
