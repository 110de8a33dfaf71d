package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command on an open home. Used once. */
abstract class BoxAction implements Callable<Integer> {

  private final Session session;

  @Spec private @Nullable CommandSpec spec;

  BoxAction(Session session) {
    this.session = session;
  }

  final Session session() {
    return session;
  }

  @Override
  public final Integer call() throws IOException {
    session.beginDeadline();
    try (BoxHome home = session.open(name(spec))) {
      return act(home);
    }
  }

  /** What the user typed behind {@code box}: others that find something held read it. */
  static String name(@Nullable CommandSpec command) {
    CommandSpec parent = command == null ? null : command.parent();
    if (command == null || parent == null || command.userObject() instanceof Session) {
      return "";
    }
    return (name(parent) + " " + command.name()).strip();
  }

  /** Does the work and answers; gives the exit code. */
  abstract int act(BoxHome home) throws IOException;
}
