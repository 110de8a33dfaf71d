package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts the tests' own classes in a Java process of their own. */
public final class JavaProcess {

  private JavaProcess() {}

  /** Runs {@code main} with the class path of this process; its errors go where ours go. */
  public static Process start(Class<?> main, String... arguments) throws IOException {
    return builder(List.of("--enable-native-access=ALL-UNNAMED"), main, arguments).start();
  }

  /** The same, not started yet, with these options for the virtual machine. */
  public static ProcessBuilder builder(List<String> options, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-Xshare:auto");
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
  }
}
