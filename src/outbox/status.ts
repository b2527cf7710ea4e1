/** The states of a delivery, in the order in which they are shown. */
export const deliveryStatuses = ['pending', 'sending', 'sent', 'failed', 'cancelled'] as const

export type DeliveryStatus = (typeof deliveryStatuses)[number]
