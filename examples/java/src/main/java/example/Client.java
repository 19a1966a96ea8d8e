package example;

import com.ponder.planner.v1.*;
import io.grpc.*;

/**
 * Solves problems with Ponder, follows searches and cancels them: {@code solve PROBLEM}, {@code watch SEARCH}, {@code
 * cancel SEARCH}. PONDER_ADDR is the planner's address, 127.0.0.1:7700 by default.
 */
public final class Client {
  public static void main(String[] args) throws InterruptedException {
    var addr = System.getenv().getOrDefault("PONDER_ADDR", "127.0.0.1:7700");
    var channel = Grpc.newChannelBuilder(addr, InsecureChannelCredentials.create()).build();
    try {
      run(PlannerServiceGrpc.newBlockingStub(channel), args[0], args[1]);
    } finally {
      channel.shutdownNow();
    }
  }

  static void run(PlannerServiceGrpc.PlannerServiceBlockingStub planner, String command, String argument)
      throws InterruptedException {
    switch (command) {
      case "solve" -> {
        var spec = SearchSpec.newBuilder().setProblem(argument).setEffort(Effort.EFFORT_HIGH);
        var created = planner.createSearch(CreateSearchRequest.newBuilder().setSpec(spec).build());
        System.err.println("search " + created.getSearch().getSearchId());
        watch(planner, created.getSearch().getSearchId());
      }
      case "watch" -> watch(planner, argument);
      case "cancel" -> planner.cancelSearch(CancelSearchRequest.newBuilder().setSearchId(argument).build());
      default -> throw new IllegalArgumentException("unknown command " + command);
    }
  }

  /** Follows a search to its end. If the stream breaks, it resumes after the last event. */
  static void watch(PlannerServiceGrpc.PlannerServiceBlockingStub planner, String search) throws InterruptedException {
    for (long after = 0; ; Thread.sleep(1000)) {
      var request = WatchSearchRequest.newBuilder().setSearchId(search).setAfterSequence(after).build();
      try {
        for (var events = planner.watchSearch(request); events.hasNext(); ) {
          var event = events.next().getEvent();
          after = event.getSequence();
          System.err.println(event.getState() + ": " + event.getNodesCount() + " nodes changed");
          if (event.hasOutcome()) {
            System.out.println(event.getOutcome().getAnswer());
            return;
          }
        }
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) throw e;
      }
    }
  }
}
