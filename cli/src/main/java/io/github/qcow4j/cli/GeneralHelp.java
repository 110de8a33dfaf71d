package io.github.qcow4j.cli;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.TimeLimit;
import java.io.PrintStream;

/** What {@code --help} says. */
final class GeneralHelp {

  private GeneralHelp() {}

  static void print(Console console) {
    String program = console.personality().programName();
    PrintStream out = console.out();
    boolean own = console.personality() == Personality.QCOW4J;
    out.print(
        "usage: "
            + program
            + " [-h|--help] [-V|--version [--verbose]]"
            + (own ? " [-v|--verbose] [--timeout SECONDS]" : "")
            + " COMMAND [OPTION]... [OPERAND]...\n"
            + "Works on disk images: qcow2 and raw.\n\n"
            + "Commands, with qemu-img's options:\n  "
            + String.join(", ", CommandTable.QEMU_IMG)
            + "\n");
    if (own) {
      out.print("Commands of its own:\n  " + String.join(", ", CommandTable.OWN) + "\n");
      out.print(
          "Boxes, which are named sets of disks with snapshots:\n  "
              + CommandTable.BOXES
              + " COMMAND; see "
              + program
              + " box --help\n");
    }
    out.print(
        "\n"
            + program
            + " COMMAND --help tells the options of a command.\n\n"
            + "Sizes are in bytes, or have one of the suffixes k, M, G, T, P and E (1024, 1024k,"
            + " ...).\n"
            + "Environment: QCOW4J_REFERENCES=deny|same-dir|under=DIR|allow tightens which files an"
            + " image may lead to;\n"
            + TimeLimit.VARIABLE
            + "=SECONDS"
            + (own ? ", or " + TimeLimit.OPTION + "," : "")
            + " ends a command that takes longer, with exit code "
            + TimeLimit.EXIT_CODE
            + ";\n"
            + "QCOW4J_DEBUG=1 prints stack traces.\n");
  }
}
