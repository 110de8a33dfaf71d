package io.github.qcow4j.cli.box;

import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code box run}. */
@Command(
    name = "run",
    customSynopsis = "qcow4j box run NAME -- COMMAND...",
    description =
        "Holds a box as running while a command runs, and ends with the command's exit code. In"
            + " the command {root} and {ROLE} become the disks' paths.")
final class RunBox extends BoxAction {

  @Parameters(index = "0", paramLabel = "NAME", description = "the box")
  private String name = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "what to run")
  private List<String> command = new ArrayList<>();

  RunBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Holder self = Holder.ofThisProcess("qcow4j box run " + name);
    try (HeldBox held = home.hold(name, self)) {
      // How long the program takes is for the user to say; it may be a guest.
      session().console().deadline().lift();
      HeldProgram program = start(words(home.show(name)));
      try {
        held.writtenBy(program.holder());
      } finally {
        program.await();
      }
      return program.await();
    }
  }

  private HeldProgram start(List<String> words) throws IOException {
    Processes processes = Volumes.processes(session().console().volume());
    return HeldProgram.start(processes, words);
  }

  private List<String> words(Box box) throws InvalidRequestException {
    Map<String, String> pathOfRole = new HashMap<>();
    for (BoxDisk disk : box.disks()) {
      pathOfRole.put(disk.role(), disk.path().toString());
    }
    boolean parted = command.getFirst().equals("--");
    List<String> given = parted ? command.subList(1, command.size()) : command;
    if (given.isEmpty() || given.getFirst().isEmpty()) {
      throw new InvalidRequestException("which command is to run on box '" + name + "'?");
    }
    return new Substitution(pathOfRole).apply(given);
  }
}
