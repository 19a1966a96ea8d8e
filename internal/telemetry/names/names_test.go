package names

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
)

func TestNamesAreTheConventions(t *testing.T) {
	for got, want := range map[string]attribute.Key{
		ErrorType:            semconv.ErrorTypeKey,
		GenAIOperation:       semconv.GenAIOperationNameKey,
		GenAIProvider:        semconv.GenAIProviderNameKey,
		GenAIWorkflow:        semconv.GenAIWorkflowNameKey,
		GenAIModel:           semconv.GenAIRequestModelKey,
		GenAIServedModel:     semconv.GenAIResponseModelKey,
		GenAIMaxTokens:       semconv.GenAIRequestMaxTokensKey,
		GenAITemperature:     semconv.GenAIRequestTemperatureKey,
		GenAITopP:            semconv.GenAIRequestTopPKey,
		GenAIChoices:         semconv.GenAIRequestChoiceCountKey,
		GenAIFinish:          semconv.GenAIResponseFinishReasonsKey,
		GenAIInputTokens:     semconv.GenAIUsageInputTokensKey,
		GenAICachedTokens:    semconv.GenAIUsageCacheReadInputTokensKey,
		GenAIOutputTokens:    semconv.GenAIUsageOutputTokensKey,
		MessagingSystem:      semconv.MessagingSystemKey,
		MessagingDestination: semconv.MessagingDestinationNameKey,
		MessagingOperation:   semconv.MessagingOperationTypeKey,
		MessagingMessageID:   semconv.MessagingMessageIDKey,
		ServiceName:          semconv.ServiceNameKey,
		ServiceVersion:       semconv.ServiceVersionKey,
		ServiceInstance:      semconv.ServiceInstanceIDKey,
	} {
		if attribute.Key(got) != want {
			t.Errorf("%s is %s in the conventions", got, want)
		}
	}
	if got, want := OperationCompletion, semconv.GenAIOperationNameTextCompletion.Value.AsString(); got != want {
		t.Errorf("operation is %q, want %q", got, want)
	}
}
